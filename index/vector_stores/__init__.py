"""Where the vectors of a segment are kept and searched: FAISS, Chroma or Qdrant, behind one contract.

The contract is `index.vector_stores.ports`; tests/contracts/test_vector_store.py holds every kind to it.
"""
