"""Tests of pictures made by models; those of the recipe card are beside this folder."""
