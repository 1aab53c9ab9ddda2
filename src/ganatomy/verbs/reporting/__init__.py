"""What the report is made of, collected: answers, measurements, samples, and where all of it comes from."""
