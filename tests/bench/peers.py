"""What peers reach, measured on the same kind of machine: ZenML 0.98's server (SQLite, one process), MLflow 3.17 (four workers)."""

ZENML_RUN_LIST_REQ_S = 7.3  # 2,007 runs, newest 20, 16 connections; 93 ms alone, 78 kB
ZENML_RUN_LIST_MS = 93.0
ZENML_RUN_MS = 48.0
ZENML_DAG_6_STEPS_MS = 134.0
ZENML_COMPARE_10_MS = 73.0
MLFLOW_SEARCH_50_MS = 177.0
MLFLOW_RUN_MS = 23.0
