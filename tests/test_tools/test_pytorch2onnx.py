"""Export to ONNX: the same logits by ONNX Runtime."""
import subprocess
import sys

import pytest

pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')


def export(repo, path, config, *options):
    return subprocess.run([
        sys.executable, repo / 'tools/deployment/pytorch2onnx.py',
        repo / config, '--shape', '64', '96', '--output-file',
        str(path), *options
    ],
                          capture_output=True,
                          text=True)


@pytest.mark.parametrize('config', [
    'configs/gscnn/gscnn_toystreet.py',
    pytest.param('configs/danet/danet_toystreet.py', marks=pytest.mark.slow),
    pytest.param(
        'configs/fastfcn/fastfcn_toystreet.py', marks=pytest.mark.slow),
    pytest.param(
        'configs/adaptsegnet/adaptsegnet_toystreet.py',
        marks=pytest.mark.slow),
])
def test_same_logits(repo, tmp_path, config):
    path = tmp_path / 'new/model.onnx'
    done = export(repo, path, config)
    assert done.returncode == 0, done.stderr
    assert 'largest difference to PyTorch' in done.stdout
    assert [p.name for p in path.parent.iterdir()] == ['model.onnx']


def test_a_missing_checkpoint(repo, tmp_path):
    done = subprocess.run([
        sys.executable, repo / 'tools/deployment/pytorch2onnx.py',
        repo / 'configs/danet/danet_toystreet.py', 'missing.pth'
    ],
                          capture_output=True,
                          text=True)
    assert done.returncode == 1
    assert "'missing.pth' is no file" in done.stderr.splitlines()[-1]
