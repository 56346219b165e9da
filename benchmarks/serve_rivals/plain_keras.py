"""What serve_load.py measures beside convwise: a plain FastAPI and Keras script.

RUN in the environment names the folder; run by `uvicorn plain_keras:app`. CALL=predict takes the call that most scripts
have, `model.predict`; without it the faster `predict_on_batch`.
"""

import json
import os
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
from fastapi import FastAPI, UploadFile

folder = Path(os.environ["RUN"])
names = json.loads((folder / "classes.json").read_text())
model = keras.saving.load_model(folder / "model.keras")
_, height, width, _ = model.input_shape
answers = partial(model.predict, verbose=0) if os.environ.get("CALL") == "predict" else model.predict_on_batch
answers(np.zeros((2, height, width, 3), np.float32))
app = FastAPI()


@app.post("/predict")
async def predict(file: UploadFile) -> dict:
    pixels = cv2.imdecode(np.frombuffer(await file.read(), np.uint8), cv2.IMREAD_COLOR)
    pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    both = np.stack([pixels, pixels[:, ::-1]]).astype(np.float32)  # the recipe averages over the mirrored picture
    row = np.asarray(answers(both)).mean(axis=0)
    best = np.argsort(-row)[:5]
    return {"top": [{"label": names[i], "probability": float(row[i])} for i in best]}
