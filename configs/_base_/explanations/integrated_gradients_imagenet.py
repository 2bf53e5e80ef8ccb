# the same committee, explained by integrated gradients
_base_ = ['./smoothgrad_imagenet.py']
explanation = dict(
    explainer=dict(
        _delete_=True,
        type='IntegratedGradients',
        num_samples=50,
        baseline='black',
        sample_batch_size=50))
