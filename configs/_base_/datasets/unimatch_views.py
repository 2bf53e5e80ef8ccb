# weak view and two strong views of an unlabelled image, of equal geometry, as
# in UniMatch (arXiv 2208.09910): the end of a pipeline. The boxes of CutMix
# mix images of a batch and belong to the model.
unimatch_strong_view = [
    dict(
        type='RandomColorJitter',
        brightness=0.5,
        contrast=0.5,
        saturation=0.5,
        hue=0.25,
        prob=0.8),
    dict(
        type='RandomGrayscale',
        prob=0.2,
        keep_channels=True,
        channel_weights=(0.114, 0.587, 0.299),
        color_format='bgr'),
    dict(type='RandomGaussianBlur', sigma=(0.1, 2.0), prob=0.5),
    dict(type='PackBranchInputs'),
]
unimatch_views = dict(
    type='BranchTransform',
    branches=dict(
        unlabeled=[dict(type='PackBranchInputs')],
        unlabeled_strong=unimatch_strong_view,
        unlabeled_strong_2=unimatch_strong_view))
