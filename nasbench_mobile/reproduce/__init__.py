"""The paper's claims, the experiments that test them, and the pages that tell what came out."""
