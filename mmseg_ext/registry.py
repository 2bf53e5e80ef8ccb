"""The scope ``mmseg_ext``, so that ``_base_ = ['mmseg_ext::...']`` builds.

mmengine marks what comes from such a base with ``_scope_ = 'mmseg_ext'`` and
looks for registries of that scope, in the module of this name. The components
themselves are in ``mmseg.registry``: these children hold nothing and pass
every question on to it. Register into ``mmseg.registry``, never here.
"""
from mmengine import registry as root_registries
from mmengine.registry import Registry
from mmseg import registry as stock_registries
from mmseg.utils import register_all_modules

SCOPE = 'mmseg_ext'

# A registry fills itself when it is asked, but not when a child of it is.
register_all_modules(init_default_scope=False)

for _name, _root in list(vars(root_registries).items()):
    if not isinstance(_root, Registry):
        continue
    # mmengine has a few registries of which mmseg made no child.
    _parent = getattr(stock_registries, _name, _root)
    globals()[_name] = Registry(
        _parent.name, parent=_parent, scope=SCOPE, locations=[SCOPE])
