"""Every method through every stock tool: runs the batteries, prints a table.

Each row is a battery below ``tests/test_integration``, which runs one config a
few iterations on a small ToyStreet. ``n/a`` is a cell that does not apply; the
docstring of the battery says why, and is printed below the table. A cell that
fails is named FAIL, with the test to run again.

Example::

    python tools/check_matrix.py --jobs 2 --out docs/matrix.md
    python tools/check_matrix.py -k PANet
"""
import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List
from xml.etree import ElementTree

REPO = Path(__file__).resolve().parents[1]
TESTS = REPO / 'tests/test_integration'
# What each test of a battery shows, in the order of its steps.
CELLS = {
    'test_train_test_benchmark_export':
    ('train', 'test', 'TTA', 'benchmark', 'FLOPs', 'inference', 'export'),
    'test_stock_train_tool': ('stock train', ),
    'test_resume_after_kill_is_exact': ('exact resume', ),
    'test_train_options[amp]': ('AMP', ),
    'test_train_options[accumulation and clipping]':
    ('accumulation, clipping', ),
    'test_two_processes': ('two ranks', ),
}
COLUMNS = [cell for cells in CELLS.values() for cell in cells]


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '-k', dest='expression', help='batteries to run, as pytest has it')
    parser.add_argument('--jobs', type=int, default=1, help='processes')
    parser.add_argument('--out', help='Markdown file to write as well')
    return parser.parse_args()


def batteries() -> Dict[str, dict]:
    """File, config and docstring of each class that is a battery."""
    found = {}
    for path in sorted(TESTS.glob('test_*.py')):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.ClassDef) or not re.match(
                    'Test', node.name):
                continue
            config = [
                ast.unparse(item.value) for item in node.body
                if isinstance(item, ast.Assign)
                and getattr(item.targets[0], 'id', '') == 'config'
            ]
            if config:
                found[node.name] = dict(
                    file=path, reason=ast.get_docstring(node) or '')
    return found


def run(args, found: Dict[str, dict]) -> List[ElementTree.Element]:
    """Run the batteries and read what pytest reports."""
    tests = [f'{entry["file"]}::{name}' for name, entry in found.items()]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, 'report.xml')
        command = [
            sys.executable, '-m', 'pytest', '--full', '-q', '--tb=short', '-o',
            'junit_family=xunit1', f'--junitxml={report}', *tests
        ]
        if args.jobs > 1:
            command += ['-n', str(args.jobs)]
        if args.expression:
            command += ['-k', args.expression]
        env = dict(os.environ, OMP_NUM_THREADS='1')
        done = subprocess.run(command, cwd=REPO, env=env)
        if not report.exists():
            raise SystemExit(f'pytest wrote no report, status '
                             f'{done.returncode}.')
        return list(ElementTree.parse(report).getroot().iter('testcase'))


def read_cells(cases: List[ElementTree.Element]) -> Dict[str, dict]:
    """The state of each cell by battery."""
    table: Dict[str, dict] = {}
    for case in cases:
        battery = case.get('classname').rpartition('.')[2]
        cells = CELLS.get(case.get('name'))
        if cells is None:
            continue
        row = table.setdefault(battery, dict.fromkeys(COLUMNS, 'n/a'))
        done = [
            item.get('value') for item in case.iter('property')
            if item.get('name') == 'cell'
        ]
        row.update(dict.fromkeys(done, 'ok'))
        broken = case.find('failure') is not None or case.find(
            'error') is not None
        left = [cell for cell in cells if row[cell] != 'ok']
        if broken and left:
            row[left[0]] = 'FAIL'
            row.update(dict.fromkeys(left[1:], '?'))
        elif not broken and not done and case.find('skipped') is None:
            # overridden, without word of its steps
            row[cells[0]] = 'ok'
    return table


def to_markdown(table: Dict[str, dict], found: Dict[str, dict]) -> str:
    """The table, and why a cell does not apply."""
    lines = [
        '| | ' + ' | '.join(COLUMNS) + ' |', '|---|' + '---|' * len(COLUMNS)
    ]
    reasons = []
    for name, row in table.items():
        label = name.replace('Test', '', 1)
        lines.append(f'| {label} | ' + ' | '.join(row[c]
                                                  for c in COLUMNS) + ' |')
        reason = ' '.join(found[name]['reason'].split())
        if 'n/a' in row.values() and reason:
            reasons.append(f'- {label}: {reason}')
    if reasons:
        lines += ['', *reasons]
    return '\n'.join(lines) + '\n'


def main():
    args = parse_args()
    found = batteries()
    table = read_cells(run(args, found))
    text = to_markdown(table, found)
    print(text)
    if args.out:
        part = Path(f'{args.out}.part')
        part.write_text(text)
        os.replace(part, args.out)
    failed = [name for name, row in table.items() if 'FAIL' in row.values()]
    for name in failed:
        print(f'FAIL: python -m pytest --full {found[name]["file"]}::{name}')
    sys.exit(1 if failed or not table else 0)


if __name__ == '__main__':
    main()
