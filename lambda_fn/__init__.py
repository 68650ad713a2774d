"""What ships in the Lambda image: the classifier, and the API and bulk handlers around it."""
