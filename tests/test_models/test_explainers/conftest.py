"""Puts the classifiers of these tests where they are imported from."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
