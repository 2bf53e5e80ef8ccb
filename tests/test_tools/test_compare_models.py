"""The tools that compare attention and models."""
import subprocess
import sys


def run(repo, tool, *args):
    done = subprocess.run(
        [sys.executable, repo / 'tools/analysis_tools' / tool, *args],
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line[:1] == '|']
    return [[cell.strip() for cell in row.strip('|').split('|')]
            for row in rows[2:]]


def test_compare_models(repo):
    rows = run(
        repo, 'compare_models.py',
        *(repo / f'configs/fastfcn/{name}_toystreet.py'
          for name in ('dilated', 'fastfcn')), '--shape', '64', '64',
        '--rounds', '1')
    dilated, fastfcn = rows
    assert dilated[:3] == ['dilated_toystreet', '1.00', '1.00']
    assert fastfcn[0] == 'fastfcn_toystreet' and float(fastfcn[1]) > 0
    assert all(0 < int(row[3]) <= int(row[4]) for row in rows)


def test_compare_attention(repo):
    rows = run(repo, 'compare_attention.py', '--size', '64', '64')
    assert [row[:2] for row in rows] == [['64x64', 'dense'], ['64x64', 'auto']]
    # n * n * 4 bytes are 64 MiB
    assert int(rows[0][2]) > 2 * 64 and int(rows[1][2]) < int(rows[0][2])
