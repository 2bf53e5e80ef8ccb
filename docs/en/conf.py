import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sphinx_settings import *  # noqa: E402,F401,F403
from sphinx_settings import write_method_pages  # noqa: E402

language = 'en'
write_method_pages(Path(__file__).parent, '..')
