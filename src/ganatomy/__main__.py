"""`python -m ganatomy` is the command `ganatomy`."""

import sys

from ganatomy.cli import main

sys.exit(main())
