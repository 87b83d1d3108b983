"""Writes the small tables of an installed scikit-learn, their folds, and what scikit-learn's own methods predict on
them, for the example `hopular_tables`:

    pip install scikit-learn
    python crates/candle-hopfield/examples/tables/fetch.py [FOLDER]

into FOLDER (`target/hopular/tables` by default). No number of the tables is part of this repository.

    NAME.csv            one row a row: its fold (0 to 4), all features, the target (a class, or a number)
    NAME.baselines.csv  one row a fold: the figures of all methods, whose names are the first line

Figures are accuracy, or for a table of numbers the root of the mean squared error divided by the deviation of the
training targets. Every method chooses its options by cross-validation inside the training part of each fold.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

FOLDS = 5
SEED = 0
TABLES = {
    "iris": (datasets.load_iris, True),
    "wine": (datasets.load_wine, True),
    "breast_cancer": (datasets.load_breast_cancer, True),
    "diabetes": (datasets.load_diabetes, False),
}


def methods(classes):
    """Name -> (estimator, options to choose from)."""
    forest = RandomForestClassifier if classes else RandomForestRegressor
    boosting = GradientBoostingClassifier if classes else GradientBoostingRegressor
    linear = (LogisticRegression(max_iter=5000), "logisticregression__C") if classes else (Ridge(), "ridge__alpha")
    vectors = (SVC(), "svc") if classes else (SVR(), "svr")
    powers = [10.0**power for power in range(-2, 3)]
    return {
        "constant": (DummyClassifier() if classes else DummyRegressor(), {}),
        "linear": (make_pipeline(StandardScaler(), linear[0]), {linear[1]: powers}),
        "SVM": (
            make_pipeline(StandardScaler(), vectors[0]),
            {f"{vectors[1]}__C": [1.0, 10.0, 100.0], f"{vectors[1]}__gamma": [0.01, 0.1]},
        ),
        "random forest": (
            forest(n_estimators=200, random_state=SEED),
            {"min_samples_leaf": [1, 5]},
        ),
        "gradient boosting": (
            boosting(random_state=SEED),
            {"n_estimators": [50, 100], "max_depth": [2, 3]},
        ),
    }


def figure(truth, found, training, classes):
    if classes:
        return float(np.mean(truth == found))
    return float(np.sqrt(np.mean((truth - found) ** 2)) / np.std(training, ddof=1))


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/hopular/tables")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (load, classes) in TABLES.items():
        x, y = load(return_X_y=True)
        splitter = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=SEED)
        folds = np.zeros(len(y), dtype=int)
        figures = []
        for fold, (training, test) in enumerate(splitter.split(x, y)):
            folds[test] = fold
            row = []
            for estimator, options in methods(classes).values():
                search = GridSearchCV(estimator, options, cv=3)
                found = search.fit(x[training], y[training]).predict(x[test])
                row.append(figure(y[test], found, y[training], classes))
            figures.append(row)
        with open(folder / f"{name}.csv", "w", newline="") as file:
            for fold, features, target in zip(folds, x, y):
                csv.writer(file).writerow([fold, *map(repr, map(float, features)), repr(float(target))])
        with open(folder / f"{name}.baselines.csv", "w", newline="") as file:
            csv.writer(file).writerows([list(methods(classes)), *figures])
        means = zip(methods(classes), np.mean(figures, axis=0))
        print(name, ", ".join(f"{method} {mean:.4f}" for method, mean in means))
    print("scikit-learn", sklearn.__version__)


if __name__ == "__main__":
    main()
