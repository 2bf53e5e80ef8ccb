# FCNs in the Wild: global alignment and category-specific adaptation; count
# the class sizes as in fcns_ca_toystreet.py
_base_ = ['./fcns_ga_toystreet.py']
model = dict(target_losses=[
    dict(
        type='SizeConstraintLoss',
        level='decode_head',
        stats='data/toystreet/day/class_sizes.json',
        loss_weight=0.1)
])
expected = dict(metric='mIoU', value=47.50, tolerance=2., seed=0)
