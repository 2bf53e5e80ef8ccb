# translated source images alone
_base_ = ['../adaptsegnet/source_only_toystreet.py']
train_dataloader = dict(
    dataset=dict(
        source=dict(data_root='work_dirs/bdl_toystreet/round0/translated')))
expected = dict(metric='mIoU', value=47.73, tolerance=2., seed=0)
