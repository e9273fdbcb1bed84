"""SQLAlchemy entities, one aggregate a module."""
