"""The table of methods and tools."""
import importlib.util
from xml.etree import ElementTree

import pytest


@pytest.fixture(scope='module')
def tool(repo):
    spec = importlib.util.spec_from_file_location(
        'check_matrix', repo / 'tools/check_matrix.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def case(name, *cells, battery='TestToy', failed=False, skipped=False):
    element = ElementTree.Element(
        'testcase', classname=f'tests.test_toy.{battery}', name=name)
    for cell in cells:
        ElementTree.SubElement(element, 'property', name='cell', value=cell)
    for tag, there in (('failure', failed), ('skipped', skipped)):
        if there:
            ElementTree.SubElement(element, tag)
    return element


def test_cells(tool):
    table = tool.read_cells([
        case('test_train_test_benchmark_export', 'train', 'test', failed=True),
        case('test_two_processes', 'two ranks'),
        case('test_stock_train_tool', failed=True),
        case('test_train_options[amp]', skipped=True),
        case('test_something_else', failed=True),
        case('test_one_more', 'FLOPs'),
    ])
    row, = table.values()
    assert row['train'] == row['test'] == row['two ranks'] == 'ok'
    assert row['TTA'] == row['stock train'] == 'FAIL'
    assert row['export'] == '?' and row['FLOPs'] == 'ok'
    assert row['AMP'] == row['exact resume'] == 'n/a'


def test_a_cell_that_does_not_apply(tool):
    table = tool.read_cells([
        case('test_train_test_benchmark_export', 'train', 'test', 'TTA',
             'benchmark', 'FLOPs', 'inference')
    ])
    table['Test_fcn_toystreet'] = table['TestToy']
    reasoned = case('test_two_processes')
    ElementTree.SubElement(
        reasoned,
        'property',
        name='reason',
        value='Nothing to export:\n   it is plain.')
    reasons = tool.read_reasons([reasoned])
    reasons['Test_fcn_toystreet'] = reasons['TestToy']
    text = tool.to_markdown(table, reasons)
    assert '| Toy | ok | ok | ok | ok | ok | ok | n/a |' in text
    assert '| `fcn_toystreet` | ok |' in text
    assert '- Toy, `fcn_toystreet`: Nothing to export: it is plain.' in text


def test_all_batteries_are_found(tool):
    names = set(tool.batteries())
    assert {'TestELN', 'TestPANet', 'TestAdaptSegNet', 'TestDeP'} <= names


def test_composition(tool):
    refused = case('test_composes[ELN around Mask2Former]')
    ElementTree.SubElement(
        refused, 'property', name='reason', value='It has no logits.')
    text = tool.composition_to_markdown([
        case('test_composes[ELN around DANet]', 'ok'), refused,
        case('test_composes[AdvEnt around DANet]', failed=True),
        case('test_pssl_then_fmwiss')
    ])
    assert text.splitlines() == [
        '| | ELN | AdvEnt |', '|---|---|---|', '| DANet | ok | FAIL |',
        '| Mask2Former | no (1) |  |', '', '1. It has no logits.', '',
        'One after another:', '', '- pssl then fmwiss: ok'
    ]
