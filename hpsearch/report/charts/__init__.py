"""Charts for the mouse, written in Vega-Lite: those of trials share one selection."""
