"""plants_food"""
