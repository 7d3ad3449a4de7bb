"""Who reaches a multimodal hub, what land lies there, and what would its project take?"""
