"""Documents that are not recipes one by one; `index.documents.reading` is the way in."""
