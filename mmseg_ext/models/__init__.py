from .algorithms import *  # noqa: F401,F403
from .data_preprocessors import *  # noqa: F401,F403
from .decode_heads import *  # noqa: F401,F403
from .losses import *  # noqa: F401,F403
from .projectors import *  # noqa: F401,F403
from .pseudo_filters import *  # noqa: F401,F403
