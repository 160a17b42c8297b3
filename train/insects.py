"""insects"""
