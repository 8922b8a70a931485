"""Native sources as sources of the plugin and back: values and texts in, edits and texts out."""
