import pytest
import torch
import torch.nn as nn

from mmseg_ext.models.utils.ema import copy_state_, lerp_state_


def net():
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))


@pytest.mark.parametrize('buffers', ['keep', 'copy', 'average'])
def test_lerp_matches_formula(buffers):
    torch.manual_seed(0)
    teacher, student = net(), net()
    for _ in range(3):
        student(torch.randn(4, 2, 5, 5))
    old = {k: v.clone() for k, v in teacher.state_dict().items()}
    new = {k: v.clone() for k, v in student.state_dict().items()}
    lerp_state_(teacher, student, 0.25, buffers)
    for name, value in teacher.state_dict().items():
        is_param = 'running' not in name and 'num_' not in name
        if is_param or (buffers == 'average' and 'running' in name):
            expected = 0.75 * old[name] + 0.25 * new[name]
        elif buffers == 'keep':
            expected = old[name]
        else:
            expected = new[name]
        diff = (value - expected).abs().max().item()
        assert diff < 1e-6, f'{name}: differs by {diff}'


def test_lerp_266_steps_to_a_constant():
    # 1 - 0.995^266
    teacher, student = nn.Linear(3, 2), nn.Linear(3, 2)
    nn.init.zeros_(teacher.weight)
    nn.init.ones_(student.weight)
    for _ in range(266):
        lerp_state_(teacher, student, 0.005)
    torch.testing.assert_close(
        teacher.weight, torch.full((2, 3), 0.736404), atol=1e-5, rtol=0)


def test_lerp_reads_a_half_precision_student():
    teacher, student = nn.Linear(3, 2), nn.Linear(3, 2).bfloat16()
    expected = (teacher.weight + student.weight.float()) / 2
    lerp_state_(teacher, student, 0.5)
    assert teacher.weight.dtype == torch.float32
    torch.testing.assert_close(teacher.weight, expected)


def test_copy_is_exact_and_in_place():
    teacher, student = net(), net()
    student(torch.randn(4, 2, 5, 5))
    before = [id(t) for t in teacher.parameters()]
    copy_state_(teacher, student)
    for name, value in student.state_dict().items():
        assert torch.equal(teacher.state_dict()[name], value), name
    assert before == [id(t) for t in teacher.parameters()]


def test_different_structure_is_named():
    with pytest.raises(ValueError, match=r'0\.weight is \(3, 2, 1, 1\)'):
        copy_state_(net(), nn.Sequential(nn.Conv2d(3, 3, 1), nn.Identity()))
    with pytest.raises(ValueError, match='only in the source'):
        copy_state_(nn.Sequential(nn.Conv2d(2, 3, 1)), net())
