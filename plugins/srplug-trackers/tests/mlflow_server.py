"""An MLflow server in the working directory, without pages: ``python mlflow_server.py PORT``."""

import os
import sys

os.environ["_MLFLOW_SERVER_FILE_STORE"] = "sqlite:///server.db"
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = "artifacts"
os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"

if __name__ == "__main__":
    from mlflow.server import app
    from werkzeug.serving import make_server

    make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
