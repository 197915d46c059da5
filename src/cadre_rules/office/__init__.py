"""What offices fill in, get back and sign: workbooks and documents."""
