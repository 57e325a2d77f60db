"""What holds for every test: no example is judged by how long it took, for the machine may be busy."""

from hypothesis import settings

settings.register_profile("qbsf", deadline=None)
settings.load_profile("qbsf")
