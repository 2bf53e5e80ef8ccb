# weak and strong view of an unlabelled image, of equal geometry, as
# unlabeled_views.py, but grey is the plain mean of the channels: the figures of
# ToyStreet and of CamVid with a tiny network were measured so
unlabeled_views = dict(
    type='BranchTransform',
    branches=dict(
        unlabeled=[dict(type='PackBranchInputs')],
        unlabeled_strong=[
            dict(
                type='RandomColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.4,
                hue=0.1),
            dict(
                type='RandomGrayscale',
                prob=0.2,
                keep_channels=True,
                color_format='bgr'),
            dict(type='PackBranchInputs'),
        ]))
