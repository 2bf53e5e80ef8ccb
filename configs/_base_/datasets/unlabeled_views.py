# weak and strong view of an unlabelled image, of equal geometry, as in ELN
# (arXiv 2204.02078): the end of a pipeline
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
                channel_weights=(0.114, 0.587, 0.299),
                color_format='bgr'),
            dict(type='PackBranchInputs'),
        ]))
