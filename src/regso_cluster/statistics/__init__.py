"""An agency's figures by group: summaries, intervals, and their protection."""
