"""mammals"""
