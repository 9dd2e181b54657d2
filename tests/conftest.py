"""What holds for every test.

No test keeps or finds anything in the user's own cache folder unless it names one. Properties are tried on the same
examples in every run; `pytest --hypothesis-profile default` tries others.
"""

import os

from hypothesis import settings

os.environ["ADVISOR_CACHE_FOLDER"] = "off"

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
