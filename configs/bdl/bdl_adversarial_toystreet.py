# translated source images and an adversary: the one-directional baseline, and
# the first segmentor of each round
_base_ = ['../adaptsegnet/adaptsegnet_single_toystreet.py']
train_dataloader = dict(
    dataset=dict(
        source=dict(data_root='work_dirs/bdl_toystreet/round0/translated')))
expected = dict(metric='mIoU', value=51.69, tolerance=2., seed=0)
