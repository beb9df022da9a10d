"""What each exercise looks at, part by part."""
