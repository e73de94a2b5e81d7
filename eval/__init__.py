"""golden questions -> answers -> scores -> report."""
