-- Runs once, when the server's volume is empty: users of MLflow's pages have a database of their own.
CREATE DATABASE mlflow_auth OWNER mlflow;
