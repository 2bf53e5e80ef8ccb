"""What goes with what: runs tests of integration, prints a table of them.

``--table methods`` has every method through every stock tool. Each row is a
battery below ``tests/test_integration``, which runs one config a few
iterations on a small ToyStreet. ``n/a`` is a cell that does not apply; the
docstring of the battery says why, and is printed below the table. A second
table has the other ``_toystreet`` configs (baselines, ablations, steps of a
chain), which run the same code with other settings.
``--table composition`` has every algorithm around every segmentor; what is
refused has a number, and below the table the sentence that refuses it.
A cell that fails is named FAIL, with the test to run again.

Example::

    python tools/check_matrix.py --jobs 2 --out docs/matrix.md
    python tools/check_matrix.py -k PANet
    python tools/check_matrix.py --table composition --jobs 2
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
VARIANTS = TESTS / 'test_config_variants.py'


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--table', choices=('methods', 'composition'), default='methods')
    parser.add_argument(
        '-k', dest='expression', help='tests to run, as pytest has it')
    parser.add_argument('--jobs', type=int, default=1, help='processes')
    parser.add_argument('--out', help='Markdown file to write as well')
    return parser.parse_args()


def batteries() -> Dict[str, Path]:
    """File of each class that is a battery."""
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
                found[node.name] = path
    return found


def run(args, tests: List[str]) -> List[ElementTree.Element]:
    """Run tests and read what pytest reports."""
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


def properties(case: ElementTree.Element, name: str) -> List[str]:
    """What a test has recorded under a name."""
    return [
        item.get('value') for item in case.iter('property')
        if item.get('name') == name
    ]


def is_broken(case: ElementTree.Element) -> bool:
    return case.find('failure') is not None or case.find('error') is not None


def read_cells(cases: List[ElementTree.Element]) -> Dict[str, dict]:
    """The state of each cell by battery."""
    table: Dict[str, dict] = {}
    for case in cases:
        battery = case.get('classname').rpartition('.')[2]
        cells = CELLS.get(case.get('name'), ())
        done = [cell for cell in properties(case, 'cell') if cell in COLUMNS]
        if not cells and not done:
            continue
        row = table.setdefault(battery, dict.fromkeys(COLUMNS, 'n/a'))
        row.update(dict.fromkeys(done, 'ok'))
        broken = is_broken(case)
        left = [cell for cell in cells if row[cell] != 'ok']
        if broken and left:
            row[left[0]] = 'FAIL'
            row.update(dict.fromkeys(left[1:], '?'))
        elif cells and not broken and not done and case.find(
                'skipped') is None:
            # overridden, without word of its steps
            row[cells[0]] = 'ok'
    return table


def read_reasons(cases: List[ElementTree.Element]) -> Dict[str, str]:
    """Why cells of a battery do not apply."""
    return {
        case.get('classname').rpartition('.')[2]: ' '.join(reason.split())
        for case in cases
        for reason in properties(case, 'reason')
    }


def is_variant(battery: str) -> bool:
    return battery.startswith('Test_')


def to_label(battery: str) -> str:
    """A method, or the config of a variant."""
    if is_variant(battery):
        return f'`{battery[len("Test_"):]}`'
    return battery.replace('Test', '', 1)


def to_markdown(table: Dict[str, dict], reasons: Dict[str, str]) -> str:
    """The table, and why a cell does not apply."""
    lines = [
        '| | ' + ' | '.join(COLUMNS) + ' |', '|---|' + '---|' * len(COLUMNS)
    ]
    labels: Dict[str, List[str]] = {}
    for name, row in table.items():
        lines.append(f'| {to_label(name)} | ' +
                     ' | '.join(row[c] for c in COLUMNS) + ' |')
        if 'n/a' in row.values():
            labels.setdefault(reasons.get(name, ''), []).append(to_label(name))
    labels.pop('', None)
    if labels:
        lines.append('')
        lines += [
            f'- {", ".join(names)}: {reason}'
            for reason, names in labels.items()
        ]
    return '\n'.join(lines) + '\n'


def composition_to_markdown(cases: List[ElementTree.Element]) -> str:
    """Algorithms by column, segmentors by row, and why a pair is refused."""
    cells: Dict[tuple, str] = {}
    reasons: List[str] = []
    chains = []
    for case in cases:
        pair = re.fullmatch(r'test_composes\[(.+) around (.+)\]',
                            case.get('name'))
        state = 'FAIL' if is_broken(case) else 'ok'
        if pair is None:
            chain = case.get('name').replace('test_', '', 1)
            chains.append(f'- {chain.replace("_", " ")}: {state}')
            continue
        for reason in properties(case, 'reason'):
            if reason not in reasons:
                reasons.append(reason)
            state = f'no ({reasons.index(reason) + 1})'
        cells[pair.groups()] = state
    columns = list(dict.fromkeys(algorithm for algorithm, _ in cells))
    rows = dict.fromkeys(segmentor for _, segmentor in cells)
    lines = [
        '| | ' + ' | '.join(columns) + ' |', '|---|' + '---|' * len(columns)
    ]
    for segmentor in rows:
        states = [cells.get((column, segmentor), '') for column in columns]
        lines.append(f'| {segmentor} | ' + ' | '.join(states) + ' |')
    if reasons:
        lines.append('')
        # Markdown takes what is in angle brackets for a tag
        lines += [
            f'{i}. ' + reason.replace('<', r'\<')
            for i, reason in enumerate(reasons, 1)
        ]
    if chains:
        lines += ['', 'One after another:', '', *chains]
    return '\n'.join(lines) + '\n'


def main():
    args = parse_args()
    again = []
    if args.table == 'composition':
        file = TESTS / 'test_composition.py'
        cases = run(args, [str(file)])
        text = composition_to_markdown(cases)
        again = [
            f'{file}::{case.get("name")}' for case in cases if is_broken(case)
        ]
    else:
        found = batteries()
        cases = run(args, [f'{file}::{name}'
                           for name, file in found.items()] + [str(VARIANTS)])
        rows, reasons = read_cells(cases), read_reasons(cases)
        # several processes finish in any order
        table = {name: rows[name] for name in found if name in rows}
        variants = {
            name: rows[name]
            for name in sorted(filter(is_variant, rows))
        }
        text = '\n'.join(
            to_markdown(part, reasons) for part in (table, variants) if part)
        again = [
            f'{found.get(name, VARIANTS)}::{name}'
            for name, row in rows.items() if 'FAIL' in row.values()
        ]
    print(text)
    if args.out:
        part = Path(f'{args.out}.part')
        part.write_text(text)
        os.replace(part, args.out)
    for test in again:
        print(f'FAIL: python -m pytest --full "{test}"')
    sys.exit(1 if again or not cases else 0)


if __name__ == '__main__':
    main()
