"""Where values come from: value graphs of functions, and an evaluator that walks them backwards from a call site."""
