import pytest

from mmseg_ext.engine.offline.plan import ChainPlan


@pytest.fixture
def make(tmp_path):
    """A plan of one offline step with settings of the user and its own."""
    config = tmp_path / 'config.py'
    config.write_text("data = dict(root='here')\nsteps = [1]\n")

    def make(cfg_options=(), options=(), gpus=1):
        plan = ChainPlan('tools', str(tmp_path), [str(config)], gpus, 0,
                         cfg_options)
        plan.tool(
            'made', 'make.py', str(config), [], ['--x=1'], options=options)
        step, = plan.steps
        return step

    return make


def test_offline_steps_get_the_settings(make):
    assert '--cfg-options' not in make().command
    tail = ['--x=1', '--cfg-options', 'data.root=there', 'data.size=2']
    step = make(['data.root=there'], ['data.size=2'])
    assert step.command[-4:] == tail
    step = make(['data.root=there'], ['data.size=2'], gpus=2)
    assert step.command[-6:] == [*tail, '--launcher', 'pytorch']


def test_settings_are_part_of_the_recipe(make):
    plain = make().fingerprint
    assert make(['data.root=there']).fingerprint != plain
    assert make(options=['data.root=there']).fingerprint != plain
    # what the config has already
    assert make(['data.root=here']).fingerprint == plain


@pytest.mark.parametrize('option', ['steps.3=1', 'data.root.deep=1'])
def test_settings_that_do_not_fit(make, option):
    with pytest.raises(
            ValueError,
            match=f'config.py cannot take --cfg-options {option}: '):
        make([option])


@pytest.mark.parametrize('path', ['/my dir/x', '/a,b', "/x'", '/a,[b'])
def test_paths_that_do_not_come_through(make, path):
    assert f'data.root={path[:2]}' in make(
        options=[f'data.root={path[:2]}']).command
    with pytest.raises(
            ValueError, match='data.root would be .* not come through --cfg'):
        make(options=[f'data.root={path}'])


@pytest.fixture
def label_options(repo, tmp_path):
    """Options for ``make_pseudo_labels.py``, as a config gives them."""
    plan = ChainPlan(str(repo / 'tools'), str(tmp_path), [], 1, 0, [])
    return lambda options: plan.tool_options('bdl.pseudo_labels', options,
                                             'make_pseudo_labels.py', 'abc')


@pytest.mark.parametrize('options, message', [
    (dict(per_class=0), '--per-class must be >= 1 but is 0'),
    (dict(max_side=0), '--max-side must be >= 1 but is 0'),
    (dict(min_area=5), r'--min-area must be in \[0, 1\] but is 5.0'),
    (dict(least_confidence=-1), r'--least-confidence must be in \[0, 1\]'),
])
def test_ranges_of_a_memory_bank(repo, tmp_path, options, message):
    plan = ChainPlan(str(repo / 'tools'), str(tmp_path), [], 1, 0, [])
    with pytest.raises(ValueError, match=message):
        plan.tool_options('bank', options, 'build_memory_bank.py', 'ab')


def test_options_of_a_tool(label_options):
    assert label_options(None) == []
    assert label_options(dict(fixed=None, cap=0.8)) == ['--cap=0.8']


@pytest.mark.parametrize('options, message', [
    (dict(quantile=2.), '--quantile must be in .* but is 2.0'),
    (dict(upsample='image'), 'argument --upsample: invalid choice'),
    (dict(fixing=1), 'unrecognized arguments: --fixing=1'),
])
def test_options_that_a_tool_does_not_take(label_options, options, message):
    with pytest.raises(ValueError, match=f'bdl.pseudo_labels: {message}'):
        label_options(options)
