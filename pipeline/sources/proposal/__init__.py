"""What a folder of files seems to hold: which canonical table each file is, and which column is which.

``sheets`` find the files and read a sample of each; ``profiles`` say what the values of a column can be; ``names`` know
what columns and tables are called elsewhere; ``matching`` puts them together, and leaves out what it cannot tell.
"""

from pipeline.sources.proposal.matching import propose
from pipeline.sources.proposal.placing import Placed, Proposal, Wanted
from pipeline.sources.proposal.sheets import Sheet, read_folder

__all__ = ["Placed", "Proposal", "Sheet", "Wanted", "propose", "read_folder"]
