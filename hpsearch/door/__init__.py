"""The door before the pages that hpsearch serves: who comes in, to which routes, and on which socket."""
