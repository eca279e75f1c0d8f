"""The rules, one file each: what a finding says, and how it is told."""
