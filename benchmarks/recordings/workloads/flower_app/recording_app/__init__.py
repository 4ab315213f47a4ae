"""An app for the recording of Flower: averages an array."""
