"""The built page, from package data."""

from bellrock.region.web.page import page_routes

__all__ = ["page_routes"]
