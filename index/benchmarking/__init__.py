"""What `python -m index benchmark` measures: rivals, ablation, calibration, tables and plots."""
