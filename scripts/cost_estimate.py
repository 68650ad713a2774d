"""What scoring a stream of comments costs a month on AWS: `crypto-sentiment cost`, in the repository.

python scripts/cost_estimate.py --help
"""

import sys

from crypto_sentiment.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["cost"]
    main()
