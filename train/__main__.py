"""python3 -m train: from nothing to the shipped network. `python3 -m train --help` lists the steps."""

import sys

from train.cli import main

sys.exit(main())
