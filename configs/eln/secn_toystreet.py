# baseline s-ECN: errors are corrected, none is left out
_base_ = ['./eln_toystreet.py']
model = dict(
    pseudo_score_weight=False,
    pseudo_filter=dict(
        _delete_=True,
        type='ErrorCorrectionNetwork',
        pred_input={{_base_.model.pseudo_filter.pred_input}},
        backbone={{_base_.model.pseudo_filter.backbone}},
        decode_head={{_base_.model.pseudo_filter.decode_head}}))
expected = dict(metric='student/mIoU', value=55.05, tolerance=2., seed=0)
