"""No test keeps or finds anything in the user's own cache folder unless it names one."""

import os

os.environ["ADVISOR_CACHE_FOLDER"] = "off"
