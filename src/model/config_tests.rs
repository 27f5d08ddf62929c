//! What a configuration is refused for, by the name of its field.
