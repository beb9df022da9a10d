"""`python -m dehelpers` is the command `dehelpers`, also where the installed script cannot be found."""

import sys

from dehelpers.cli import main

sys.exit(main())
