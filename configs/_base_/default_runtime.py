_base_ = ['mmseg::_base_/default_runtime.py']
custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
custom_hooks = [
    # wrong labels and a loss that is not finite stop the training
    dict(type='LabelScanHook'),
    dict(type='CheckFiniteLossHook'),
]
# takes images of any memory layout, which OpenCV 5 does not
visualizer = dict(type='ContiguousSegVisualizer')
