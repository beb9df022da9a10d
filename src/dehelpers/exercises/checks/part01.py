from dehelpers.exercises.exercise import Part

PART = Part("01_ingestion")
